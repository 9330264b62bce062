"""The cases of a study, from their files to records, tables and checks."""

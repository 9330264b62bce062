"""The ``vhi`` command."""

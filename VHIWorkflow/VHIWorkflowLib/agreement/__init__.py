"""How far masks and volumes of several readers agree, and where they do not."""

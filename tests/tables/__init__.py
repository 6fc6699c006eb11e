"""Own tables: worlds that are written out and read back, and tables that are refused."""

"""What only the machine side knows, one-to-one on systems and runs."""

"""The actions that are built in, one file each (contracts/mistral.md, section 9)."""

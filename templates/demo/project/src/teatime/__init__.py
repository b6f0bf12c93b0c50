"""How long to brew which tea."""

"""Series over campaigns, and where their level changed."""

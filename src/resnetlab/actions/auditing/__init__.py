"""What `audit` is made of: facts, identity, verdict, and the table of them."""

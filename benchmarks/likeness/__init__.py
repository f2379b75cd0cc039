"""How alike the demo's twins are, and what facts, dates and a general stage do for them."""

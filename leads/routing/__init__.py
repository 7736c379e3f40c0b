"""Which agents a new lead goes to: a company's rules, in order, the first that matches decides."""

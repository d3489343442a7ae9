"""The presenter's view: a lab that runs elsewhere, large and without notes."""

"""Tools of the checkout: set-up, recording, checks. The package never imports them."""

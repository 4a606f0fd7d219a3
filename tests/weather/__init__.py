"""Dependencies in bad weather: every kind of request while a part is away, and once it is back."""

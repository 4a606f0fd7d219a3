"""What meets in the gallery, in every order that a seed can think of."""

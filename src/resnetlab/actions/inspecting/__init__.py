"""What `data inspect` is made of: notes of images, the contact sheet, and the tables."""

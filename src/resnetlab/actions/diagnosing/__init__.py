"""What `diagnose` is made of: the subject and its images, a section for each look, and the page."""

"""What the bench compares with: small programs, each written as the documentation of its library recommends."""

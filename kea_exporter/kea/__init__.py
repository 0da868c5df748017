"""What Kea says: commands and answers as bytes, and the facts that are picked from the answers."""

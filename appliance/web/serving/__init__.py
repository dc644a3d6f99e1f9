"""How the portal is served: slow phones, TLS, health, and what is said when the book cannot be opened."""

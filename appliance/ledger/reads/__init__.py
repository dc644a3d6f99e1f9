"""What screens and the API ask for: views with the actions their viewer may take. They change nothing."""

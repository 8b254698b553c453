"""What each agent does on the demo shop, one file per super agent."""

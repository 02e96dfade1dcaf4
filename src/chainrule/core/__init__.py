"""What every package needs: errors, messages, display of results, whole files, checks of arguments."""

"""What every package needs: errors, messages, display of results, atomic files, checks of arguments."""

"""Small named helpers that know nothing of networks: atomic files, signals, deferred compilation, the reporter."""

"""Tools that know nothing of faces or models: files, videos, processes, programs."""

"""The models that come with mirada; others join as plug-ins."""

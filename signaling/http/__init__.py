"""The REST API and the web app's files. One table of routes; checking, answering and documenting are made from it."""

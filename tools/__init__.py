"""What only writes shipped files: documents, rules, manual page, completion, chart copies."""

"""What Twin remembers: an encrypted SQLite database behind one class, `storage.store.Store`."""

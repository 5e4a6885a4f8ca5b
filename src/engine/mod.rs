//! Everything that has to do with the service.

//! Every event file of this function through its handler, with its answer pinned.

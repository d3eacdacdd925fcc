//! Nothing but a place for the test and the bench beside it.

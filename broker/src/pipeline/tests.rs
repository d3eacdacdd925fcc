//! What holds of the types on the way of a call. That a step cannot be left out is their shape; that
//! none of them can be had a second time is here.

use super::authenticate::Authenticated;
use super::decide::Granted;
use super::limit::Admitted;
use super::receive::Said;
use super::record::Recorded;
use crate::session::{InFlight, Spent};

/// J07: what was checked is what is done, once. Were one of these made to be copied, this would not
/// compile.
#[test]
fn j07_nothing_on_the_way_of_a_call_can_be_had_twice() {
    trait Ambiguous<Marker> {
        fn check() {}
    }
    struct Copied;
    impl<T> Ambiguous<()> for T {}
    impl<T: Clone> Ambiguous<Copied> for T {}
    <Said<'_> as Ambiguous<_>>::check();
    <Authenticated as Ambiguous<_>>::check();
    <Admitted as Ambiguous<_>>::check();
    <InFlight as Ambiguous<_>>::check();
    <Spent as Ambiguous<_>>::check();
    <Granted as Ambiguous<_>>::check();
    <Recorded as Ambiguous<_>>::check();
}

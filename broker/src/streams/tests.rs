//! Credit under every order in which the two ends may come to act: nothing is lost, nothing
//! overtakes, what is held is bounded, and all of it is given back.

#![allow(clippy::arithmetic_side_effects, reason = "small numbers of a test")]

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use proptest::prelude::*;
use tokio::sync::Semaphore;

use super::*;
use crate::pipeline::Reply;

const CALL: u64 = 1;

/// What a page was told, and the room of its host.
#[derive(Debug)]
struct Told {
    credit: Mutex<usize>,
    room: Arc<Semaphore>,
}

impl Told {
    fn with_room(chunks: usize) -> Arc<Self> {
        let room = Arc::new(Semaphore::new(chunks * Calls::MAX_CHUNK));
        Arc::new(Self { credit: Mutex::default(), room })
    }

    /// Uses up credit for one chunk, if the page has some.
    fn may_send(&self) -> bool {
        let mut credit = self.credit.lock().unwrap();
        let has_some = *credit > 0;
        *credit -= usize::from(has_some);
        has_some
    }
}

impl Outlet for Told {
    fn send<'a>(&'a self, reply: Reply, exit: Exit<'a>) -> BoxFuture<'a, Result<(), Unsent>> {
        let text: serde_json::Value = serde_json::from_str(reply.json()).unwrap();
        let more = usize::try_from(text["more"].as_u64().unwrap()).unwrap();
        std::future::ready(exit.by(|| *self.credit.lock().unwrap() += more)).boxed()
    }

    fn bodies(&self) -> &Arc<Semaphore> {
        &self.room
    }

    fn is_gone(&self) -> bool {
        false
    }
}

const WITH_BODY: Shape = Shape { stream: false, body: true };

fn uploading(told: &Arc<Told>, most: u64) -> (Arc<Flows>, Open, Body) {
    let flows = Arc::<Flows>::default();
    let open = flows.open(CALL, WITH_BODY, most);
    let flow = Arc::clone(open.flow());
    let outlet: Arc<dyn Outlet> = told.clone();
    (flows, open, Body::new(flow, (outlet, Arc::default()), CALL))
}

/// What one of the two ends does next.
#[derive(Debug, Clone, Copy)]
enum Turn {
    /// The page sends a chunk of this length, if it has credit.
    Send(usize),
    /// The handler reads, if there is something to be read.
    Read,
    /// Another call of the host takes so much of its room, or gives it back.
    Crowd(usize),
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = prop_oneof![
        3 => (1..=Calls::MAX_CHUNK).prop_map(Turn::Send),
        3 => Just(Turn::Read),
        1 => (0..4_usize).prop_map(Turn::Crowd),
    ];
    proptest::collection::vec(turn, 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_body_arrives_whole_in_order_and_within_its_room(turns in turns(), room in 4..12_usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _inside = runtime.enter();
        let told = Told::with_room(room);
        let (flows, open, mut body) = uploading(&told, u64::MAX);
        let (mut sent, mut read) = (Vec::<Bytes>::new(), Vec::<Bytes>::new());
        let mut crowd = None;
        for (number, turn) in turns.into_iter().enumerate() {
            match turn {
                Turn::Send(length) if told.may_send() => {
                    let chunk = Bytes::from(vec![u8::try_from(number).unwrap(); length]);
                    flows.step(CALL, Step::Chunk(&chunk)).unwrap();
                    sent.push(chunk);
                }
                Turn::Send(_) => {
                    // Without credit there is none to be had by force.
                    prop_assert_eq!(flows.step(CALL, Step::Chunk(b"x")), Err(Forged::Chunk));
                }
                Turn::Read => read.extend(
                    body.chunk().now_or_never().map(|chunk| chunk.unwrap().unwrap()),
                ),
                Turn::Crowd(chunks) => {
                    crowd = None;
                    let wanted = u32::try_from(chunks * Calls::MAX_CHUNK).unwrap();
                    let taken = Arc::clone(&told.room).try_acquire_many_owned(wanted).ok();
                    crowd = crowd.or(taken);
                }
            }
            let held: usize = sent.iter().skip(read.len()).map(Bytes::len).sum();
            prop_assert!(held <= Calls::WINDOW * Calls::MAX_CHUNK);
            prop_assert!(held + told.room.available_permits() <= room * Calls::MAX_CHUNK);
            prop_assert!(sent.starts_with(&read));
        }
        flows.step(CALL, Step::End).unwrap();
        while let Some(chunk) = body.chunk().now_or_never().unwrap().unwrap() {
            read.push(chunk);
        }
        prop_assert_eq!(&sent, &read);
        drop((crowd, body, open));
        prop_assert_eq!(told.room.available_permits(), room * Calls::MAX_CHUNK);
    }

    #[test]
    fn items_under_way_are_never_more_than_the_window(takes in proptest::collection::vec(any::<bool>(), 0..200)) {
        let flows = Arc::<Flows>::default();
        let open = flows.open(CALL, Shape { stream: true, body: false }, 0);
        let flow = open.flow();
        let mut under_way = 0_usize;
        for take in takes {
            if take {
                let taken = flows.step(CALL, Step::Taken);
                prop_assert_eq!(taken.is_ok(), under_way > 0);
                under_way = under_way.saturating_sub(1);
            } else {
                let sent = flow.credit().now_or_never().is_some();
                prop_assert_eq!(sent, under_way < Calls::WINDOW);
                under_way += usize::from(sent);
            }
        }
    }
}

#[tokio::test]
async fn what_nobody_asked_for_is_forged() {
    let told = Told::with_room(8);
    let (flows, open, mut body) = uploading(&told, u64::MAX);
    let long = vec![0; Calls::MAX_CHUNK + 1];
    assert_eq!(flows.step(CALL, Step::Chunk(b"x")), Err(Forged::Chunk));
    assert_eq!(flows.step(CALL, Step::Taken), Err(Forged::Taken));
    assert!(body.chunk().now_or_never().is_none());
    for (step, expected) in [
        (Step::Chunk(&long), Err(Forged::Chunk)),
        (Step::Chunk(b""), Err(Forged::Chunk)),
        (Step::Chunk(b"x"), Ok(())),
        (Step::Taken, Err(Forged::Taken)),
        (Step::End, Ok(())),
        (Step::End, Err(Forged::NoBody)),
        (Step::Chunk(b"x"), Err(Forged::Chunk)),
    ] {
        assert_eq!(flows.step(CALL, step), expected, "{step:?}");
    }
    // What is late is not forged.
    drop(open);
    assert_eq!(flows.count(), 0);
    for step in [Step::Chunk(b"x"), Step::Taken, Step::End] {
        assert_eq!(flows.step(CALL, step), Ok(()));
    }
    // A call without a body has none.
    let _open = flows.open(2, Shape::PLAIN, 0);
    for step in [Step::Chunk(b"x"), Step::End] {
        assert_eq!(flows.step(2, step), Err(Forged::NoBody));
    }
}

#[tokio::test]
async fn the_bytes_of_a_body_are_counted_before_they_are_kept() {
    let told = Told::with_room(8);
    let (flows, _open, mut body) = uploading(&told, 10);
    assert!(body.chunk().now_or_never().is_none());
    flows.step(CALL, Step::Chunk(&[1; 10])).unwrap();
    assert_eq!(body.chunk().await.unwrap().unwrap().len(), 10);
    flows.step(CALL, Step::Chunk(&[1; 1])).unwrap();
    assert_eq!(body.chunk().await.unwrap_err().code(), "too_large");
}

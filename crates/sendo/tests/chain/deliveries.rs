//! Deliveries that are lost, doubled, late and out of order: the whole chain ends where it always does.

use std::net::SocketAddr;

use sendo_testkit::Server;

use crate::between::Courier;
use crate::cluster::{Chain, protect};
use crate::faults::arrived_once;
use crate::seeing::TEST;
use crate::world::quiet;

/// A server whose deliveries somebody else brings.
fn served(chain: &Chain, courier: &Courier) -> (Server, SocketAddr) {
    let mut server = chain.world.served();
    let address = server.address().unwrap();
    let url = courier.between(address);
    let install = ["hook", "install", "--url", &url];
    let hooked = chain.world.stage.sendo(&install);
    assert_eq!(hooked.code, 0, "{}", hooked.err);
    (server, address)
}

#[test]
fn without_any_delivery_the_sweep_carries_it_from_a_push_to_healthy() {
    let chain = Chain::swept(&[TEST]);
    protect(&chain);
    let mut server = chain.world.served();
    chain.release("v1");
    let told = chain.until(&mut server, "web/test/1", &["succeeded"]);
    arrived_once(&chain, &told, "v1", 1);
}

#[test]
fn deliveries_that_are_lost_doubled_and_out_of_order_change_nothing() {
    let chain = Chain::swept(&[TEST]);
    protect(&chain);
    let courier = Courier::default();
    let (mut server, address) = served(&chain, &courier);
    for (round, image) in ["v1", "v2"].into_iter().enumerate() {
        chain.release(image);
        let id = format!("web/test/{}", round + 1);
        let told = chain.until(&mut server, &id, &["succeeded"]);
        arrived_once(&chain, &told, image, round + 1);
    }
    // All of it once more, when everything is long over.
    assert!(courier.again(address) > 6);
    quiet(&mut server);
    assert_eq!(chain.deployments(&mut server), 2);
    assert_eq!((chain.world.changes().len(), chain.merges()), (2, 2));
}

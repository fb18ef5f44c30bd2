//! The twin keeps the rules about endpoints and deliveries, and about what is told; the real table is held to the same ones in `tools/acceptance`.

use world::{
    for_each_telling_rule, for_each_webhook_rule,
    store::MemoryStore,
    store_contract::{self as contract, Bench},
    turns,
};

/// The twin, with an index that lags until the rule gives it a moment.
struct TwinBench(MemoryStore);

impl Bench for TwinBench {
    type Store = MemoryStore;
    const PAUSES_MAX: u32 = 1;

    fn store(&self) -> &MemoryStore {
        &self.0
    }

    async fn pause(&self) {
        self.0.catch_up_index();
    }
}

macro_rules! rule {
    ($rule:ident) => {
        #[test]
        fn $rule() {
            let bench = TwinBench(MemoryStore::default());
            bench.0.hold_index();
            turns::block_on(contract::$rule(&bench));
        }
    };
}
for_each_webhook_rule!(rule);
for_each_telling_rule!(rule);

//! The twin keeps the rules about people's keys; the real table is held to the same ones in `tools/acceptance`.

use world::{
    for_each_keyring_rule,
    people::MemoryKeyrings,
    store_contract::{self as contract, KeyringBench},
    turns,
};

struct TwinBench(MemoryKeyrings);

impl KeyringBench for TwinBench {
    type Rings = MemoryKeyrings;

    fn rings(&self) -> &MemoryKeyrings {
        &self.0
    }
}

macro_rules! rule {
    ($rule:ident) => {
        #[test]
        fn $rule() {
            turns::block_on(contract::$rule(&TwinBench(MemoryKeyrings::default())));
        }
    };
}
for_each_keyring_rule!(rule);

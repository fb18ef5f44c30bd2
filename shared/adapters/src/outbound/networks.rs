//! Which addresses are the internet's, where everybody may be, and which lead into somebody's house: ours, or the cloud's.
//!
//! The lists are IANA's registries of special-purpose addresses, and stricter where that costs nobody anything. Of IPv6 only
//! the one block that is given out to the public is open at all, so that a block that nobody has thought of stays closed.
//!
//! Must never: let an address through because it is written in another family's clothes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address of a network, and how many of its bits name the network.
type Network4 = (Ipv4Addr, u32);
/// The same in IPv6.
type Network6 = (Ipv6Addr, u32);

/// What is not the internet's, of all that IPv4 has.
const CLOSED_4: [Network4; 15] = [
    // "This network": on Linux, 0.0.0.0 is the machine itself.
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    // Shared behind a carrier's NAT; some clouds keep services of their own here.
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    // The machine itself; a Lambda function's runtime listens here.
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // The link. 169.254.169.254 gives every cloud's credentials away.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    // Protocol assignments.
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    // Documentation.
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    // Relays of 6to4, which lead to wherever the inner address says.
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    // Benchmarks.
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    // Documentation.
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Many at once.
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    // Reserved, with the broadcast address at its end.
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// What of IPv6 is given out to the public. Loopback, private (`fc00::/7`), link-local (`fe80::/10`), site-local (`fec0::/10`),
/// multicast, NAT64 (`64:ff9b::/96`, `64:ff9b:1::/48`), the discard block and addresses of IPv4 in IPv6's clothes lie outside.
const OPEN_6: Network6 = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// What is not the internet's within that.
const CLOSED_6: [Network6; 4] = [
    // Protocols: Teredo, which hides an IPv4 address, and ORCHID, which is no address at all.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    // Documentation.
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    // 6to4, which hides an IPv4 address.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    // Documentation again.
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Where an address lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// On the internet.
    Public,
    /// On the machine itself.
    Loopback,
    /// Anywhere else: in a private network, or nowhere.
    Inside,
}

/// Where this address lies. An IPv4 address that is written as one of IPv6 is where the inner one is, for there it leads.
pub(super) fn place_of(address: IpAddr) -> Place {
    match address {
        IpAddr::V4(address) => place_of_4(address),
        IpAddr::V6(address) => address.to_ipv4_mapped().map_or_else(|| place_of_6(address), place_of_4),
    }
}

fn place_of_4(address: Ipv4Addr) -> Place {
    let is_in = |(network, bits): &Network4| (address.to_bits() ^ network.to_bits()).leading_zeros() >= *bits;
    match (address.is_loopback(), CLOSED_4.iter().any(is_in)) {
        (true, _) => Place::Loopback,
        (false, true) => Place::Inside,
        (false, false) => Place::Public,
    }
}

fn place_of_6(address: Ipv6Addr) -> Place {
    let is_in = |(network, bits): &Network6| (address.to_bits() ^ network.to_bits()).leading_zeros() >= *bits;
    match (address.is_loopback(), is_in(&OPEN_6) && !CLOSED_6.iter().any(is_in)) {
        (true, _) => Place::Loopback,
        (false, true) => Place::Public,
        (false, false) => Place::Inside,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn place(text: &str) -> Place {
        place_of(text.parse().unwrap())
    }

    /// The first and the last of each closed network, and its neighbours on either side (none where there is no neighbour, or
    /// where it is closed for a reason of its own).
    const BORDERS_4: [(&str, &str, &str, &str); 15] = [
        ("", "0.0.0.0", "0.255.255.255", "1.0.0.0"),
        ("9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"),
        ("100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"),
        ("126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"),
        ("169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"),
        ("172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"),
        ("191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"),
        ("192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"),
        ("192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"),
        ("192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"),
        ("198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"),
        ("198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"),
        ("203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"),
        ("223.255.255.255", "224.0.0.0", "239.255.255.255", ""),
        ("", "240.0.0.0", "255.255.255.255", ""),
    ];

    const BORDERS_6: [(&str, &str, &str, &str); 18] = [
        // The unspecified address and those of IPv4 in the oldest clothes.
        ("", "::", "::", ""),
        ("", "::1", "::1", ""),
        ("", "::2", "::ffff:ffff", ""),
        ("", "::808:808", "::808:808", ""),
        // IPv4 in the clothes of a translator.
        ("", "::ffff:0:0:0", "::ffff:0:ffff:ffff", ""),
        ("", "64:ff9b::", "64:ff9b::ffff:ffff", ""),
        ("", "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", ""),
        ("", "100::", "100::ffff:ffff:ffff:ffff", ""),
        ("", "100:0:0:1::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::"),
        ("2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::"),
        (
            "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
            "2001:db8::",
            "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
            "2001:db9::",
        ),
        ("2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2003::"),
        ("3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::"),
        ("3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "4000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""),
        ("", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""),
        ("", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""),
        ("", "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""),
        ("", "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""),
    ];

    #[test]
    fn every_closed_network_is_closed_from_its_first_address_to_its_last_and_no_further() {
        for (before, first, last, after) in BORDERS_4.into_iter().chain(BORDERS_6) {
            for closed in [first, last] {
                assert_ne!(place(closed), Place::Public, "{closed}");
            }
            for open in [before, after].into_iter().filter(|text| !text.is_empty()) {
                assert_eq!(place(open), Place::Public, "{open}");
            }
        }
    }

    #[test]
    fn what_gives_a_clouds_secrets_away_is_inside() {
        for address in [
            // AWS, Google, Azure and most others; ECS; the time service of AWS; Alibaba; AWS in IPv6; Oracle.
            "169.254.169.254",
            "169.254.170.2",
            "169.254.169.123",
            "100.100.100.200",
            "fd00:ec2::254",
            "fd00:c1::a9fe:a9fe",
            "192.0.0.192",
        ] {
            assert_eq!(place(address), Place::Inside, "{address}");
        }
    }

    #[test]
    fn only_loopback_is_loopback() {
        for address in ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(place(address), Place::Loopback, "{address}");
        }
        for address in ["0.0.0.0", "::", "::127.0.0.1", "10.0.0.1", "64:ff9b::127.0.0.1", "2002:7f00:1::"] {
            assert_eq!(place(address), Place::Inside, "{address}");
        }
    }

    #[test]
    fn where_real_servers_are_is_open() {
        for address in ["1.1.1.1", "8.8.8.8", "52.95.110.1", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e"] {
            assert_eq!(place(address), Place::Public, "{address}");
        }
    }

    proptest! {
        /// Whatever the tables say: the standard library's own opinions hold.
        #[test]
        fn nothing_that_the_standard_library_calls_special_is_public(bits: u32) {
            let address = Ipv4Addr::from_bits(bits);
            let is_special = address.is_private() || address.is_loopback() || address.is_link_local() || address.is_multicast()
                || address.is_broadcast() || address.is_documentation() || address.is_unspecified();
            prop_assert!(!(is_special && place_of(address.into()) == Place::Public), "{address}");
        }

        #[test]
        fn an_address_of_ipv4_is_at_its_place_in_ipv6s_clothes_too(bits: u32) {
            let address = Ipv4Addr::from_bits(bits);
            prop_assert_eq!(place_of(address.to_ipv6_mapped().into()), place_of(address.into()));
        }
    }
}

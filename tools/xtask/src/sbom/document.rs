//! A graph's part as CycloneDX writes it.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::graph::{Graph, Key, Origin, Package};
use crate::failure::{Failure, While};

/// The bill of one function.
pub(super) fn of(function: &str, target: &str, graph: &Graph, lock: &str) -> Result<String, Failure> {
    let root = graph.root(function)?;
    let linked = graph.all_below(root);
    let mut components = Vec::new();
    for key in &linked {
        components.push(component(key, graph, lock)?);
    }
    let everybody = std::iter::once(root).chain(linked);
    let dependencies: Vec<Value> = everybody
        .map(|key| {
            let below: Vec<String> = graph.below(key).map(|below| reference(below, graph)).collect();
            json!({"ref": reference(key, graph), "dependsOn": below})
        })
        .collect();
    let mut subject = component(root, graph, lock)?;
    if let Some(kind) = subject.get_mut("type") {
        *kind = json!("application");
    }
    let mut bill = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": subject,
            "tools": {"components": [{"type": "application", "name": "cargo xtask sbom"}]},
            "properties": [{"name": "quittance:target", "value": target}],
        },
        "components": components,
        "dependencies": dependencies,
    });
    let serial = serial_number(&bill.to_string());
    if let Some(fields) = bill.as_object_mut() {
        fields.insert("serialNumber".to_owned(), json!(serial));
    }
    let text = serde_json::to_string_pretty(&bill).while_doing("writing a bill of materials")?;
    Ok(format!("{text}\n"))
}

fn component(key: &Key, graph: &Graph, lock: &str) -> Result<Value, Failure> {
    let (name, version) = key;
    let package =
        graph.packages.get(key).ok_or_else(|| Failure::new(format!("{name} is linked, and nobody says what it is")))?;
    if package.licence.is_empty() {
        return Err(Failure::new(format!("{name} {version} names no licence")));
    }
    let mut component = json!({
        "type": "library",
        "bom-ref": reference(key, graph),
        "name": name,
        "version": version,
        "licenses": [{"expression": spdx(&package.licence)}],
    });
    let Some(fields) = component.as_object_mut() else { return Ok(component) };
    match package.origin {
        // No `purl`: that would be somebody else's crate of the same name.
        Origin::Ours => {}
        Origin::Registry => {
            let checksum = checksum(key, lock)
                .ok_or_else(|| Failure::new(format!("Cargo.lock has no checksum of {name} {version}")))?;
            fields.insert("purl".to_owned(), json!(purl(key)));
            fields.insert("hashes".to_owned(), json!([{"alg": "SHA-256", "content": checksum}]));
        }
    }
    if !package.repository.is_empty() {
        let link = json!([{"type": "vcs", "url": package.repository}]);
        fields.insert("externalReferences".to_owned(), link);
    }
    Ok(component)
}

fn reference(key: &Key, graph: &Graph) -> String {
    match graph.packages.get(key) {
        Some(Package { origin: Origin::Registry, .. }) => purl(key),
        Some(Package { origin: Origin::Ours, .. }) | None => format!("{}@{}", key.0, key.1),
    }
}

/// A version's build metadata begins with `+`, which stands for a space in an address.
fn purl((name, version): &Key) -> String {
    format!("pkg:cargo/{name}@{}", version.replace('+', "%2B"))
}

/// Old manifests part two licences by a stroke, which has come to mean "or".
fn spdx(licence: &str) -> String {
    licence.split('/').map(str::trim).collect::<Vec<_>>().join(" OR ")
}

fn checksum<'a>((name, version): &Key, lock: &'a str) -> Option<&'a str> {
    let field = |package: &'a str, key: &str| {
        package.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"'))
    };
    let mut packages = lock.split("[[package]]");
    let package = packages.find(|package| {
        field(package, "name") == Some(name.as_str()) && field(package, "version") == Some(version.as_str())
    })?;
    field(package, "checksum")
}

/// A UUID (RFC 9562, version 8: made in a way of one's own) of what stands in the bill.
fn serial_number(text: &str) -> String {
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(text));
    let part = |from: usize, to: usize| hash.get(from..to).unwrap_or_default();
    format!("urn:uuid:{}-{}-8{}-8{}-{}", part(0, 8), part(8, 12), part(12, 15), part(15, 18), part(18, 30))
}

//! The schema is the one of the struct, and every key is also a flag and a variable.
//! `UPDATE_DOCS=1 cargo test --lib settings::tests` writes the schema anew.

use std::fs;

use clap::CommandFactory;
use schemars::generate::SchemaSettings;

use super::*;
use crate::cli::args::Cli;

const SCHEMA: &str = "schema/settings.schema.json";

fn generated() -> serde_json::Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Settings>().to_value()
}

#[test]
fn the_committed_schema_is_the_one_of_the_struct() {
    let text = serde_json::to_string_pretty(&generated()).unwrap() + "\n";
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(SCHEMA, &text).unwrap();
    }
    assert!(
        fs::read_to_string(SCHEMA).unwrap() == text,
        "run: UPDATE_DOCS=1 cargo test --lib settings::tests"
    );
}

/// `rules` and `ignore` say more than an option can.
#[test]
fn every_key_is_an_option_with_a_variable() {
    let schema = generated();
    let command = Cli::command();
    for key in schema["properties"]
        .as_object()
        .unwrap()
        .keys()
        .filter(|key| *key != "rules" && *key != "ignore")
    {
        let option = command
            .get_arguments()
            .find(|arg| arg.get_long() == Some(key))
            .unwrap_or_else(|| panic!("{key}"));
        let variable = format!("CACHEDIAG_{}", key.replace('-', "_").to_uppercase());
        assert_eq!(option.get_env().unwrap(), &*variable, "{key}");
    }
}

#[test]
fn the_schema_takes_what_the_program_takes() {
    let schema = jsonschema::validator_for(&generated()).unwrap();
    let valid = |text: &str| schema.is_valid(&toml::from_str::<serde_json::Value>(text).unwrap());
    assert!(valid(
        "fail-on = 'error'\n[rules.cache-lost]\nseverity = 'off'\n[[ignore]]\nrule = \
            'cache-lost'\nreason = 'x'"
    ));
    for wrong in [
        "fail_on = 'error'",
        "fail-on = 'eror'",
        "[rules.cache-lost]\nsevere = 'off'",
        "[[ignore]]\nrule = 'x'",
    ] {
        assert!(!valid(wrong), "{wrong}");
        assert!(toml::from_str::<Settings>(wrong).is_err(), "{wrong}");
    }
}

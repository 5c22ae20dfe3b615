//! The tables of `guide/security.md`: as many places as it says, each with a vector or a test that exists.

use std::fs;
use std::path::Path;

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All text of the files below a folder with one of these endings.
fn below(folder: &Path, endings: &[&str], all: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            below(&path, endings, all);
        } else if endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)) {
            all.push_str(&read(&path));
        }
    }
}

#[test]
fn each_place_has_a_vector_and_they_are_as_many_as_the_page_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = read(&root.join("src/guide/security.md"));
    let (mut rust, mut vectors) = (String::new(), String::new());
    below(&root.join("src"), &[".rs"], &mut rust);
    below(&root.join("tests"), &[".rs"], &mut rust);
    below(&root.join("tests/specification"), &[".jsonl"], &mut vectors);
    let mut all = 0;
    for title in ["# Where wirefeed is stricter", "# Where wirefeed is laxer"] {
        let (_, section) = page.split_once(title).expect("the page has this section");
        let section = section.split("\n# ").next().unwrap();
        let said: usize = section
            .split_whitespace()
            .find_map(|word| word.parse().ok())
            .expect("the section says how many places there are");
        let rows: Vec<&str> = section
            .lines()
            .filter(|line| line.starts_with("| ") && !line.contains("| vector or test |"))
            .collect();
        assert_eq!(rows.len(), said, "{title}");
        for row in rows {
            let name = row.rsplit('`').nth(1).expect("a row ends in the name of its vector");
            let is_vector = vectors.contains(&format!("{{\"id\": \"{name}\","));
            let is_test = rust.contains(&format!("fn {name}("));
            assert!(is_vector || is_test, "there is no vector or test {name}");
            assert!(["RFC ", "WHATWG "].iter().any(|it| row.contains(it)), "{row} cites nothing");
        }
        all += said;
    }
    assert!(all > 20);
}

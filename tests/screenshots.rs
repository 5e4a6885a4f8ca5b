//! The pictures in `assets/screenshots` are what the explorer draws. `UPDATE=1 cargo test --test screenshots` writes
//! them anew; otherwise a picture that is out of date fails.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says no more of a failure than a panic does")]

#[path = "screenshots/scenes.rs"]
mod scenes;
#[path = "screenshots/svg.rs"]
mod svg;

use std::fs;
use std::path::Path;

#[test]
fn the_pictures_are_what_the_explorer_draws() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/screenshots");
    let update = std::env::var_os("UPDATE").is_some();
    let mut old = Vec::new();
    let mut names = Vec::new();
    for scene in scenes::all() {
        let name = format!("{}.svg", scene.name);
        let picture = svg::picture(&scene.buffer, scene.paper, scene.about);
        let path = directory.join(&name);
        if update {
            fs::write(&path, &picture).unwrap();
        } else if fs::read_to_string(&path).ok().as_deref() != Some(&picture) {
            old.push(name.clone());
        }
        names.push(name);
    }
    assert!(
        old.is_empty(),
        "out of date: {old:?}; UPDATE=1 cargo test --test screenshots draws them anew: look at them"
    );
    for entry in fs::read_dir(&directory).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(&name), "{name} is a picture of no scene");
    }
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    for name in names {
        assert!(readme.contains(&format!("assets/screenshots/{name}")), "README.md does not show {name}");
    }
}

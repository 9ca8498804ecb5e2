//! Trends of real logs. A case is a folder with `runs.txt`: a log a line, in the order of time,
//! with what the CI told of that run (`branch=`, `commit=`). What is said of them stands beside it,
//! for people and for programs.

mod cases;
mod commands;
mod safety;
use cachediag::render::Screen;

const SCREEN: Screen = Screen { width: 100, color: false, ascii: false };

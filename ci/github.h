// What GitHub Actions shows of a run: annotations, and a step's summary.
#pragma once
#include "outcome.h"

// Workflow commands, a line each, to be printed: errors for what makes lparun-ci's exit status other than 0,
// warnings for flaky boots. GitHub shows 10 a kind and step: where there are more, the tenth says how many.
// "" where all is well. Never fails (g_free).
char *github_annotations(const Results *results);

// Markdown to be appended to $GITHUB_STEP_SUMMARY: how many have each verdict, the boots in a table, failures
// with their last lines. Nothing that a guest says is markup in it. Below 1 MiB, GitHub's limit. Never fails
// (g_free).
char *github_summary(const Results *results);

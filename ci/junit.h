// JUnit XML, as Jenkins and GitLab read it.
#pragma once
#include "outcome.h"

// A suite a boot: the case "boot" has its verdict, the others are what the guest told by KTAP. The class is
// SUITE.BOOT: Jenkins then has a package a suite and a class a boot, and GitLab shows both. What the guest is
// to blame for is a failure, what it is not an error, what was expected to fail is skipped. Bounded, whatever
// the guest said: some 12 MiB, of which each boot has its verdict. Never fails (g_free).
char *junit_text(const Results *results);

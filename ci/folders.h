// Where in a report what is of a boot goes.
#pragma once
#include "outcome.h"
#include "suite.h"

// Where the consoles of each run go, as seen from the report.
void folders_name(Results *results);
// Makes the folders of files that guests hand over, in the folder `report` (NULL: there is none). False and
// `error`: a boot wants one and has none, or it cannot be made.
bool folders_place_files(const Suite *suite, const char *report, GError **error);

// Files that are wanted of the guest.
#pragma once

// Writes all of the order's to the disk of results.
void collect_all(void);

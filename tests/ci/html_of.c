// The HTML page of a results.json: html_of FILE.
#include "html.h"
#include "results_json.h"
#include <stdio.h>

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Results) results = argc == 2 ? results_read(argv[1], &error) : NULL;
    if (!results) {
        fprintf(stderr, "html_of: %s\n", error ? error->message : "takes a results.json");
        return 1;
    }
    g_autofree char *folder = g_path_get_dirname(argv[1]);
    g_autofree char *text = html_text(results, folder);
    fputs(text, stdout);
    return 0;
}

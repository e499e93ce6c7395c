// What a person or a script may write behind an option: whatever it is, it is taken or refused with lines
// that say why.
//
// For libFuzzer: clang -fsanitize=fuzzer,address,undefined -DLIBFUZZER with launcher/{options,*_options,
// device_kinds,actions,rtc,values,smp}.c and lparun's parts. Without it the program makes its own inputs,
// good values with some bytes changed, for a fixed number of rounds from a fixed start.
#include "lparun/error.h"
#include "options.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define WORDS 16

static unsigned results[OPTIONS_WRONG + 1]; // how often each came

// The input is a command line, its words with a line's end between them.
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    g_autofree char *text = g_strndup((const char *)bytes, size);
    g_auto(GStrv) words = g_strsplit(text, "\n", WORDS);
    char *argv[WORDS + 2] = { (char *)"lparun" };
    int argc = 1;
    for (char **word = words; *word; word++)
        argv[argc++] = *word;
    g_autoptr(GError) error = NULL;
    Options options = { 0 };
    OptionsResult result = options_parse(&options, argc, argv, &error);
    results[result]++;
    g_assert_true((result == OPTIONS_WRONG) == !!error);
    if (error)
        g_assert_true(error->domain == LPARUN_ERROR && error->message[0] && !strstr(error->message, "\n\n"));
    if (result == OPTIONS_RUN) {
        g_assert_cmpuint(options.cpus, >=, 1);
        g_assert_cmpuint(options.cpus % options.threads, ==, 0);
        g_assert_cmpuint(options.memory % (16 << 20), ==, 0);
    }
    options_clear(&options);
    return 0;
}

#ifndef LIBFUZZER
#define ROUNDS 50000

static const char *const options[] = { "-m\n1G", "-m\nsize=2048M",
    "-smp\n8,sockets=2,cores=2,threads=2,maxcpus=8", "-numa\nnode,nodeid=0,cpus=0-3,mem=512M",
    "-numa\nnode,nodeid=1,cpus=4-7,mem=512M", "-numa\ndist,src=0,dst=1,val=20",
    "-object\nmemory-backend-ram,id=m0,size=1G,prealloc=on", "-numa\nnode,memdev=m0",
    "-object\niothread,id=io0",
    "-drive\nfile=a,,b,if=none,id=d0,format=raw,cache=none,aio=native,readonly=on,serial=x",
    "-device\nvirtio-blk-pci,drive=d0,iothread=io0,addr=1f,bootindex=1", "-drive\nfile=n,if=pflash",
    "-machine\npseries,accel=kvm,ic-mode=dual,mmu=auto,hpt-order=24,max-cpu-compat=power9",
    "-rtc\nbase=2026-11-22T16:01:21,clock=vm", "-action\nreboot=shutdown,panic=pause,watchdog=inject-nmi",
    "-qmp\nunix:/tmp/q,server=on,wait=off", "-uuid\n12345678-1234-1234-1234-123456789abc", "-bios\nnone",
    "-kernel\nk", "-serial\nnull", "-serial\nmon:tcp:[::1]:4,server=on,wait=off", "-serial\nudp:a:1@b:2",
    "-serial\nunix:path=/p,nowait,server", "-chardev\nsocket,id=c,host=h,port=1,to=9,ipv4=on,reconnect-ms=5",
    "-chardev\nstdio,id=c,mux=on,signal=off,logfile=l", "-chardev\nringbuf,id=r,size=64k",
    "-mon\nc,mode=control", "-device\nspapr-vty,chardev=c,reg=0x30000000", "-monitor\npty:x", "-echr\n0x14",
    "-boot\norder=cd,once=n,menu=on,strict=off", "-prom-env\na=b", "-global\nvirtio-blk-pci.serial=x",
    "-cpu\nPOWER9_v2.2,compat=power8", "-accel\nkvm,device=/dev/kvm", "-overcommit\nmem-lock=on",
    "-machine\npseries-7.2,cap-ibs=broken,cap-hpt-max-page-size=64k,usb=off,smp.cpus=2,accel=kvm:tcg",
    "-numa\ncpu,node-id=0,core-id=0",
    "-object\nmemory-backend-memfd,id=m2,size=1G,policy=bind,host-nodes=0-3,hugetlb=on,hugetlbsize=2M",
    "-mem-path\n/tmp",
    "-device\n{\"driver\":\"virtio-blk\",\"drive\":\"d0\",\"addr\":\"1e\",\"bootindex\":2}", "-device\nhelp",
    "-object\n{\"qom-type\":\"memory-backend-ram\",\"id\":\"m1\",\"size\":268435456}" };

static void change(GRand *rand, GString *text)
{
    static const char marks[] = ",=-0123456789KMGTx:\xff\x1b";
    for (int left = g_rand_int_range(rand, 0, 4); left > 0 && text->len > 0; left--) {
        gint32 at = g_rand_int_range(rand, 0, (gint32)text->len);
        char byte = marks[g_rand_int_range(rand, 0, (gint32)sizeof marks - 1)];
        switch (g_rand_int_range(rand, 0, 3)) {
        case 0:
            text->str[at] = byte;
            break;
        case 1:
            g_string_insert_c(text, at, byte);
            break;
        default:
            g_string_erase(text, at, 1);
        }
    }
}

int main(void)
{
    GRand *rand = g_rand_new_with_seed(1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        g_autoptr(GString) text = g_string_new(NULL);
        for (int left = g_rand_int_range(rand, 1, 6); left > 0; left--)
            g_string_append_printf(text, "%s%s", options[g_rand_int_range(rand, 0, G_N_ELEMENTS(options))],
                left > 1 ? "\n" : "");
        change(rand, text);
        LLVMFuzzerTestOneInput((const uint8_t *)text->str, text->len);
    }
    g_assert_cmpuint(results[OPTIONS_RUN], >, ROUNDS / 100); // else the inputs are worth nothing
    g_assert_cmpuint(results[OPTIONS_WRONG], >, ROUNDS / 100);
    g_rand_free(rand);
    return 0;
}
#endif

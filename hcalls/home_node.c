// H_HOME_NODE_ASSOCIATIVITY (LoPAR, "Virtual Processor Home Node Option"): the domains that a processor is
// in.
#include "lparun/hypercall.h"
#include "lparun/papr.h"

#define FLAG_VCPU 1                       // the processor is named as H_REGISTER_VPA names it
#define REGISTERS (HOME_NODE_DOMAINS / 2) // r4 to r9, two domains each

typedef struct HomeNode {
    const VcpuSet *vcpus;
    HomeNodeDomains domains;
    void *owner;
} HomeNode;

// r4 flags, r5 the processor. The domains come from the widest on, the first in the upper half of r4; what is
// left is all ones.
static int64_t home_node(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    const HomeNode *home = owner;
    if (arguments[0] != FLAG_VCPU)
        return H_FUNCTION;
    const Vcpu *of = vcpu_set_find(home->vcpus, arguments[1]);
    if (!of)
        return H_P2;
    uint32_t domains[HOME_NODE_DOMAINS];
    unsigned count = home->domains(home->owner, of, domains);
    for (unsigned i = count; i < HOME_NODE_DOMAINS; i++)
        domains[i] = UINT32_MAX;
    for (unsigned i = 0; i < REGISTERS; i++)
        arguments[i] = (uint64_t)domains[2 * i] << 32 | domains[2 * i + 1];
    return H_SUCCESS;
}

void hypercall_home_node_register(HypercallTable *table, const HypercallParts *parts)
{
    if (!parts->domains)
        return;
    HomeNode *home = hypercall_own(table, g_new0(HomeNode, 1));
    *home = (HomeNode){ .vcpus = parts->vcpus, .domains = parts->domains, .owner = parts->domains_owner };
    hypercall_register(table, H_HOME_NODE_ASSOCIATIVITY, "H_HOME_NODE_ASSOCIATIVITY", home_node, home);
    hypercall_announce(table, "hcall-vphn");
}

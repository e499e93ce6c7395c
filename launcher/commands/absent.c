// Commands about what lparun has none of, which managers ask for at a start: empty lists, and QEMU's own
// refusals.
#include "../command.h"

static GVariant *no_list(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    return command_end(command_list());
}

static GVariant *no_members(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    return command_nothing();
}

static GVariant *query_balloon(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    command_refuse_as(CLASS_DEVICE_NOT_ACTIVE, error, "No balloon device has been activated");
    return NULL;
}

static GVariant *balloon(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    return query_balloon(machine, arguments, error);
}

static GVariant *query_acpi_ospm_status(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    command_refuse(error, "command is not supported, missing ACPI device");
    return NULL;
}

static GVariant *query_vm_generation_id(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    command_refuse(error, "VM Generation ID device not found");
    return NULL;
}

static GVariant *query_rx_filter(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    const char *name = command_text(arguments, "name");
    if (!name)
        return no_list(machine, arguments, error);
    command_refuse(error, "invalid net client name: %s", name);
    return NULL;
}

static GVariant *query_replay(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    GVariantBuilder *object = command_object();
    command_add_text(object, "mode", "none");
    command_add_int(object, "icount", 0);
    return command_end(object);
}

extern const Command absent_commands[];
const Command absent_commands[] = {
    { "balloon", balloon, "value:int" },
    { "query-acpi-ospm-status", query_acpi_ospm_status, NULL, "[ACPIOSTInfo]" },
    { "query-balloon", query_balloon, NULL, "BalloonInfo" },
    { "query-block-jobs", no_list, NULL, "[BlockJobInfo]" },
    { "query-hotpluggable-cpus", no_list, NULL, "[HotpluggableCPU]" },
    { "query-jobs", no_list, NULL, "[JobInfo]" },
    { "query-memory-devices", no_list, NULL, "[MemoryDeviceInfo]" },
    { "query-migrate", no_members, NULL, "MigrationInfo" },
    { "query-migrate-capabilities", no_list, NULL, "[MigrationCapabilityStatus]" },
    { "migrate-set-capabilities", no_members, "capabilities:[MigrationCapabilityStatus]" },
    { "query-replay", query_replay, NULL, "ReplayInfo" },
    { "query-rx-filter", query_rx_filter, "name?:str", "[RxFilterInfo]" },
    { "query-tpm", no_list, NULL, "[TPMInfo]" },
    { "query-tpm-models", no_list, NULL, "[TpmModel]" },
    { "query-tpm-types", no_list, NULL, "[TpmType]" },
    { "query-vm-generation-id", query_vm_generation_id, NULL, "GuidInfo" },
    { 0 },
};

// What the answers would have.
extern const CommandType absent_types[];
const CommandType absent_types[] = {
    { "ACPIOSTInfo", "device?:str slot:str slot-type:ACPISlotType source:int status:int" },
    { "ACPISlotType", .words = "DIMM CPU" },
    { "BalloonInfo", "actual:int" },
    { "BlockJobInfo", "type:JobType device:str len:int offset:int busy:bool paused:bool speed:int "
                      "io-status:BlockDeviceIoStatus ready:bool status:JobStatus auto-finalize:bool "
                      "auto-dismiss:bool error?:str" },
    { "HotpluggableCPU", "type:str vcpus-count:int props:CpuInstanceProperties qom-path?:str" },
    { "JobInfo", "id:str type:JobType status:JobStatus current-progress:int total-progress:int error?:str" },
    { "JobStatus",
        .words = "undefined created running paused ready standby waiting pending aborting concluded null" },
    { "JobType",
        .words = "commit stream mirror backup create amend snapshot-load snapshot-save snapshot-delete" },
    { "MemoryDeviceInfo", "type:MemoryDeviceInfoKind", .tag = "type" },
    { "MemoryDeviceInfoKind", .words = "" },
    { "MigrationCapability", .words = "" },
    { "MigrationCapabilityStatus", "capability:MigrationCapability state:bool" },
    { "MigrationInfo", "" },
    { "ReplayInfo", "mode:ReplayMode filename?:str icount:int" },
    { "ReplayMode", .words = "none" },
    { "RxFilterInfo", "name:str promiscuous:bool multicast:RxState unicast:RxState vlan:RxState "
                      "broadcast-allowed:bool multicast-overflow:bool unicast-overflow:bool main-mac:str "
                      "vlan-table:[int] unicast-table:[str] multicast-table:[str]" },
    { "RxState", .words = "normal none all" },
    { "TPMInfo", "id:str model:TpmModel options:TpmTypeOptions" },
    { "TpmModel", .words = "" },
    { "TpmType", .words = "" },
    { "TpmTypeOptions", "type:TpmType", .tag = "type" },
    { "GuidInfo", "guid:str" },
    { 0 },
};

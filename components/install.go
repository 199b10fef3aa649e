package components

// InstallPlugin is the command that installs webmon's Python package, which is
// also napari's plugin, as it can be had: from a checkout of webmon. Every page
// that names a command names this one.
const InstallPlugin = "pip install ./shm/python"

// InstallPluginWhere says where [InstallPlugin] is run.
const InstallPluginWhere = "in a checkout of webmon, into the environment that napari runs in"

// PlugIn is how a napari gets the plugin, to copy.
const PlugIn = "# " + InstallPluginWhere + ":\n" + InstallPlugin + "\nnapari   # then Plugins > webmon"

// HowToAttach is what to do to see a process of one's own.
const HowToAttach = `# webmon's Python package, in a checkout of webmon:
` + InstallPlugin + `
# napari 0.5 or newer, with it:
#   Plugins > webmon
# any Python program, with it:
import webmon
webmon.serve(name="scope")
# napari 0.4.11, without it:
echo '{"clients": [["webmon"]]}' > monitor.json
NAPARI_MON=monitor.json napari`

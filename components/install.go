package components

// InstallPlugin is the command that installs webmon's Python package from a
// checkout of webmon. The package is also the plugin for napari. Every page that
// tells people how to install it shows this command.
const InstallPlugin = "pip install ./shm/python"

// InstallPluginWhere says where to run [InstallPlugin].
const InstallPluginWhere = "in a checkout of webmon, into the environment that napari runs in"

// InstallWheel builds a wheel that brings the program too, and installs it. It is for
// those who do not have webmon yet, so no page shows it: README does.
const InstallWheel = "make dist FOR=here\npip install dist/napari_webmon-*.whl"

// PlugIn is how napari gets the plugin, as commands to copy.
const PlugIn = "# " + InstallPluginWhere + ":\n" + InstallPlugin + "\nnapari   # then Plugins > webmon"

// HowToAttach is how people attach a process of their own, as commands to copy.
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
